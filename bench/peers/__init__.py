"""The same step written the usual ways, to measure against: no merge, no checks, no encryption, no live page."""

SCHEMA = """
DROP TABLE IF EXISTS peer_event, peer_draft, peer_session;
CREATE TABLE peer_session (id bigserial PRIMARY KEY, token_hash varchar(64) UNIQUE NOT NULL,
    contact_id bigint NOT NULL, expires_at timestamptz NOT NULL);
CREATE TABLE peer_draft (id bigserial PRIMARY KEY, contact_id bigint NOT NULL, version integer NOT NULL,
    answers jsonb NOT NULL, updated_at timestamptz NOT NULL);
CREATE TABLE peer_event (id bigserial PRIMARY KEY, draft_id bigint NOT NULL, name varchar(60) NOT NULL,
    data jsonb NOT NULL, at timestamptz NOT NULL);
INSERT INTO peer_draft (contact_id, version, answers, updated_at)
    SELECT n, 1, '{}', now() FROM generate_series(1, 1000) n;
INSERT INTO peer_session (token_hash, contact_id, expires_at)
    SELECT encode(sha256(('apl_peer-' || n)::bytea), 'hex'), n, now() + interval '1 day'
    FROM generate_series(1, 1000) n;
"""


def token(number: int) -> str:
    """The token of peer_draft `number` (1 to 1,000)."""
    return f"apl_peer-{number}"
