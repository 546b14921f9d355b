import { keepListFresh } from "../../core/list.js";

keepListFresh({ path: "/ws/staff/claims/", type: "claims.changed", bar: document.getElementById("new-claims") });
