import { keepListFresh } from "./list.js";

const LOOK_MS = 10_000; // a delivery that moves sends its hint to the page of what it is about, not to this list

keepListFresh({ path: "/ws/staff/targets/", type: "targets.changed", bar: document.getElementById("list-news"), every: LOOK_MS });
