-- The landing zone: ledger, manifest, documents, quarantine and identities (design §4).

create schema if not exists raw;
comment on schema raw is
    'Landing zone of pulse-elt: documents as they were on disk, and the books about them.';

-- Everyone who writes documents stamps them with this time. The shared lock lets a build
-- wait for the writers in flight before it fixes its cutoff; otherwise a document stamped
-- before the cutoff could still become visible after it. (0x70756c73 is "puls".)
create function raw.landing_time() returns timestamptz
language plpgsql volatile
as $$
begin
    perform pg_advisory_xact_lock_shared(x'70756c73'::int, 1);
    return clock_timestamp();
end
$$;
comment on function raw.landing_time() is
    'The time to stamp landed documents with; holds builds off until the transaction ends.';

create table raw.loads (
    load_id bigint generated always as identity primary key,
    source text not null,
    options jsonb not null default '{}',
    version text not null,
    status text not null default 'running'
    check (status in ('running', 'succeeded', 'failed')),
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    seen bigint,
    landed bigint,
    changed bigint,
    unchanged bigint,
    quarantined bigint,
    left_as_config bigint,
    unrecognised bigint,
    vanished bigint,
    bytes bigint,
    error text,
    check (
        status <> 'succeeded'
        or (
            seen is not null
            and seen = landed + unchanged + quarantined + left_as_config + unrecognised
            and changed between 0 and landed
            and finished_at is not null
        )
    )
);
comment on table raw.loads is 'The ledger: one row per load. A load is complete only when this says succeeded.';
comment on column raw.loads.load_id is 'Number of the load.';
comment on column raw.loads.source is 'Where the documents came from, as the operator named it.';
comment on column raw.loads.options is 'What narrowed or widened the load: root, kinds, prefix, verify_content.';
comment on column raw.loads.version is 'Version of pulse-elt that ran the load.';
comment on column raw.loads.status is 'running, succeeded or failed; a load killed outright is marked failed by the next one.';
comment on column raw.loads.started_at is 'Start, by the database clock.';
comment on column raw.loads.finished_at is 'End, by the database clock.';
comment on column raw.loads.seen is 'Files ending in .json that were listed.';
comment on column raw.loads.landed is 'Documents written to raw.documents.';
comment on column raw.loads.changed is 'The part of landed that replaced an earlier version.';
comment on column raw.loads.unchanged is 'Files whose verdict and content were already known.';
comment on column raw.loads.quarantined is 'Files newly refused, see raw.quarantine.';
comment on column raw.loads.left_as_config is 'Configuration files, left where they are.';
comment on column raw.loads.unrecognised is 'Files that no rule of document_kinds.json knows.';
comment on column raw.loads.vanished is 'Paths of the manifest that this listing no longer shows; outside seen.';
comment on column raw.loads.bytes is 'Bytes read from the source.';
comment on column raw.loads.error is 'Why a failed load failed.';

create table raw.files (
    source_path text collate "C" primary key,
    kind text,
    verdict text not null check (verdict in ('SYSTEM_OF_RECORD', 'CONFIG_STATIC', 'UNRECOGNISED')),
    size_bytes bigint not null,
    modified_at timestamptz,
    content_sha256 bytea,
    state text not null check (
        state in ('landed', 'config', 'unrecognised', 'quarantined', 'vanished', 'retired', 'forgotten')
    ),
    first_seen_at timestamptz not null,
    last_changed_at timestamptz not null,
    load_id bigint
);
comment on table raw.files is 'The manifest: one row per path ever seen. What a load compares its listing with.';
comment on column raw.files.source_path is 'Path below the root of the source.';
comment on column raw.files.kind is 'Kind the path matched, NULL when unrecognised.';
comment on column raw.files.verdict is 'What the kind''s rule said of the path.';
comment on column raw.files.size_bytes is 'Size of the file when it was last read or listed.';
comment on column raw.files.modified_at is 'Modification time then, to the microsecond.';
comment on column raw.files.content_sha256 is 'SHA-256 of the bytes last read, NULL when never read.';
comment on column raw.files.state is 'landed, config, unrecognised, quarantined, vanished, retired or forgotten.';
comment on column raw.files.first_seen_at is 'When a load first listed the path.';
comment on column raw.files.last_changed_at is 'When a load last changed this row.';
comment on column raw.files.load_id is 'The load that last changed this row.';

create table raw.documents (
    document_id bigint generated always as identity,
    kind text not null,
    source_path text collate "C" not null,
    content_sha256 bytea not null,
    session_key text,
    user_key text,
    source_modified_at timestamptz,
    origin text not null default 'load' check (origin in ('load', 'app')),
    load_id bigint,
    landed_at timestamptz not null default raw.landing_time(),
    superseded_at timestamptz,
    payload jsonb not null,
    check ((origin = 'load') = (load_id is not null))
) partition by list (kind);
comment on table raw.documents is
    'Every version of every document, append-only; one partition per kind. '
    'The current version has superseded_at NULL.';
comment on column raw.documents.document_id is 'Number of this version.';
comment on column raw.documents.kind is 'Kind of document, see config/document_kinds.json.';
comment on column raw.documents.source_path is 'Path below the root of the source.';
comment on column raw.documents.content_sha256 is 'SHA-256 of the original bytes.';
comment on column raw.documents.session_key is 'Session key captured from the path.';
comment on column raw.documents.user_key is 'User key captured from the path.';
comment on column raw.documents.source_modified_at is 'Modification time of the file.';
comment on column raw.documents.origin is 'load for files, app for documents the application wrote.';
comment on column raw.documents.load_id is 'The load that wrote this version.';
comment on column raw.documents.landed_at is 'When this version was written, by the database clock.';
comment on column raw.documents.superseded_at is 'When a later version replaced it, NULL for the current one.';
comment on column raw.documents.payload is 'The document.';

-- One current version per path. Superseded versions have an index of their own, so that a
-- first load pays for one index only.
create unique index documents_current on raw.documents (source_path, kind)
where superseded_at is null;
create index documents_superseded on raw.documents (source_path, kind)
where superseded_at is not null;

create table raw.quarantine (
    quarantine_id bigint generated always as identity primary key,
    source_path text collate "C" not null,
    kind text,
    size_bytes bigint not null,
    content_sha256 bytea,
    reason_code text not null,
    reason text not null,
    byte_offset bigint,
    first_bytes bytea,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    attempts int not null default 1,
    load_id bigint not null,
    resolved_at timestamptz,
    resolution text check (resolution in ('landed', 'replaced', 'left')),
    check ((resolved_at is null) = (resolution is null))
);
create unique index quarantine_open on raw.quarantine (source_path) where resolved_at is null;
comment on table raw.quarantine is 'Files that could not land, with the reason. Open rows have resolved_at NULL.';
comment on column raw.quarantine.quarantine_id is 'Number of the entry.';
comment on column raw.quarantine.source_path is 'Path below the root of the source; escaped when it is not valid UTF-8 or too long.';
comment on column raw.quarantine.kind is 'Kind the path matched.';
comment on column raw.quarantine.size_bytes is 'Size of the file.';
comment on column raw.quarantine.content_sha256 is 'SHA-256 of the refused bytes, NULL when they were not read.';
comment on column raw.quarantine.reason_code is 'SQLSTATE the server gave, or a word for what the loader refused itself.';
comment on column raw.quarantine.reason is 'The reason in words, with file and position.';
comment on column raw.quarantine.byte_offset is 'Where in the file the trouble starts, from 0, when it can be told.';
comment on column raw.quarantine.first_bytes is 'The first bytes of the file.';
comment on column raw.quarantine.first_seen_at is 'When these bytes were first refused.';
comment on column raw.quarantine.last_seen_at is 'When they were last refused.';
comment on column raw.quarantine.attempts is 'How often they were tried.';
comment on column raw.quarantine.load_id is 'The load that last tried.';
comment on column raw.quarantine.resolved_at is 'When the entry was closed.';
comment on column raw.quarantine.resolution is
    'landed: a later version is good; replaced: by other bad bytes, which have an entry of their own; '
    'left: the path is no longer a document to load.';

create table raw.user_identities (
    user_key text collate "C" primary key,
    user_id uuid not null,
    loaded_at timestamptz not null default clock_timestamp()
);
comment on table raw.user_identities is 'User keys from before accounts existed, and the account each became.';
comment on column raw.user_identities.user_key is 'The old key, such as T12345.';
comment on column raw.user_identities.user_id is 'The account''s UUID.';
comment on column raw.user_identities.loaded_at is 'When the pair was loaded.';
