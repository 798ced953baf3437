-- The one way by which an application writes documents, and the rules by which it knows their paths.

create table raw.document_kinds_editions (
    edition int generated always as identity primary key,
    rules_sha256 text not null,
    in_force_since timestamptz not null default clock_timestamp()
);
comment on table raw.document_kinds_editions is
    'When the rules of raw.document_kinds changed; the last row is of those in force.';
comment on column raw.document_kinds_editions.edition is 'Number of the change.';
comment on column raw.document_kinds_editions.rules_sha256 is 'SHA-256 of the rows of raw.document_kinds.';
comment on column raw.document_kinds_editions.in_force_since is 'When they were written.';

create table raw.document_kinds (
    ordinal int primary key,
    kind text not null,
    verdict text not null check (verdict in ('SYSTEM_OF_RECORD', 'CONFIG_STATIC')),
    path_template text not null,
    pattern text not null,
    beginning text not null,
    ending text not null,
    session_key_group int,
    user_key_group int,
    table_name text,
    retention text
);
comment on table raw.document_kinds is
    'The rules of config/document_kinds.json, one row per path template, as a migration last wrote '
    'them. A path is of the first row, by ordinal, whose pattern it matches.';
comment on column raw.document_kinds.ordinal is 'In which order patterns are tried.';
comment on column raw.document_kinds.kind is 'Kind of document.';
comment on column raw.document_kinds.verdict is
    'SYSTEM_OF_RECORD: loaded, and written by applications. CONFIG_STATIC: left where it is.';
comment on column raw.document_kinds.path_template is 'The path as the file has it.';
comment on column raw.document_kinds.pattern is 'The template as a regular expression for the whole path.';
comment on column raw.document_kinds.beginning is
    'What such paths begin with, before the first placeholder: few patterns need a try.';
comment on column raw.document_kinds.ending is 'What they end with, after the last placeholder.';
comment on column raw.document_kinds.session_key_group is
    'Which capture of the pattern is the session key, from 1; NULL if none.';
comment on column raw.document_kinds.user_key_group is
    'Which capture of the pattern is the user key, from 1; NULL if none.';
comment on column raw.document_kinds.table_name is 'Partition of raw.documents that holds the kind.';
comment on column raw.document_kinds.retention is 'Which versions the kind keeps.';

-- Text as it is, since bytes are evidence: what is hashed is what was sent. An untyped literal or
-- parameter finds this one, jsonb the one below.
create function raw.write_document(
    path text,
    document text,
    expected_version bigint default null,
    source_time timestamptz default null
) returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- Planning anew for all partitions would take longer than all the rest.
set plan_cache_mode = force_generic_plan
as $$
declare
    rule record;
    payload jsonb;
    digest bytea;
    stamp timestamptz;
    replaced bigint;
    written bigint;
begin
    if path is null or document is null then
        raise exception using
            errcode = 'null_value_not_allowed', message = 'A path and a document are needed, not NULL.';
    end if;
    -- Empty segments, a slash at either end, and what means another folder.
    if octet_length(path) > 1024 or path ~ '(^|/)\.{0,2}(/|$)' or path ~ '[\u0001-\u001f\u007f\\]' then
        raise exception using
            errcode = 'PU001',
            message = format('%L is no path of a document.', left(path, 200)),
            hint = 'At most 1,024 bytes below the root of the tree; no empty segment, ".", "..", '
            'backslash or control character.';
    end if;
    if not isfinite(source_time)
        or source_time not between '2000-01-01 00:00+00' and clock_timestamp() + interval '5 minutes' then
        raise exception using
            errcode = 'PU005',
            message = format('%s is no time at which %L was written.', source_time, left(path, 200)),
            hint = 'From the year 2000 to five minutes from now, or NULL for now.';
    end if;

    select
        kinds.kind,
        kinds.verdict,
        captures[kinds.session_key_group] as session_key,
        captures[kinds.user_key_group] as user_key
    into rule
    from raw.document_kinds as kinds
    cross join lateral regexp_match(path, kinds.pattern) as captures
    where
        starts_with(path, kinds.beginning)
        and right(path, length(kinds.ending)) = kinds.ending
        and captures is not null
    order by kinds.ordinal
    limit 1;
    if rule.verdict is distinct from 'SYSTEM_OF_RECORD' then
        raise exception using
            errcode = 'PU002',
            message = format(
                '%L is %s.',
                left(path, 200),
                coalesce('configuration (kind ' || rule.kind || ')', 'of no kind that is loaded')
            ),
            hint = 'raw.document_kinds has the rules: config/document_kinds.json, as last migrated.';
    end if;

    -- Before anybody waits for it: it may be large, or no JSON.
    payload := document;
    digest := sha256(convert_to(document, 'UTF8'));

    -- Writers of one path come one after the other. x'70756c74' is the class of locks of paths.
    perform pg_advisory_xact_lock(x'70756c74'::int, hashtext(path));
    if exists (select from raw.files where files.source_path = path and files.state = 'forgotten') then
        raise exception using
            errcode = 'PU004',
            message = format('%L was forgotten, and is never written again.', left(path, 200));
    end if;
    loop
        -- Loads take no lock of a path: one that lands a first version while we write ours is waited
        -- for, and then replaced.
        stamp := raw.landing_time();
        -- Whatever its kind: under other rules the path may have been of another.
        with current as (
            update raw.documents as documents
            set superseded_at = stamp
            where documents.source_path = path and documents.superseded_at is null
            returning documents.document_id
        )

        select max(current.document_id) into replaced from current;
        if expected_version <> coalesce(replaced, 0) then
            raise exception using
                errcode = 'PU003',
                message = format(
                    'The current version of %L is %s, not %s.',
                    left(path, 200), coalesce(replaced::text, 'none'), expected_version
                ),
                hint = 'Read it again and decide anew. 0 stands for no document, NULL for any.';
        end if;
        insert into raw.documents (
            kind, source_path, content_sha256, session_key, user_key, source_modified_at, origin,
            landed_at, payload
        )
        values (
            rule.kind, path, digest, rule.session_key, rule.user_key,
            least(source_time, stamp), 'app', stamp, payload
        )
        on conflict (source_path, kind) where superseded_at is null do nothing
        returning documents.document_id into written;
        exit when written is not null;
    end loop;
    return written;
end
$$;
comment on function raw.write_document(text, text, bigint, timestamptz) is
    'Writes the next version of the document at a path, as the application; returns its document_id.';

create function raw.write_document(
    path text,
    document jsonb,
    expected_version bigint default null,
    source_time timestamptz default null
) returns bigint
language sql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
select raw.write_document(path, document::text, expected_version, source_time)
$$;
comment on function raw.write_document(text, jsonb, bigint, timestamptz) is
    'The same for a document that is jsonb already; what is hashed is its text.';

revoke execute on function raw.write_document(text, text, bigint, timestamptz) from public;
revoke execute on function raw.write_document(text, jsonb, bigint, timestamptz) from public;

-- Nobody but the owner writes rows. The policy that reads stays: one may be added beside it.
drop policy writes_as_the_app on raw.documents;
drop policy supersedes on raw.documents;
