-- What pulse_store calls besides raw.write_document, and what it reports.

-- A writer that waits for a path gives up before its caller does.
alter function raw.write_document(text, text, bigint, timestamptz) set lock_timeout = '1200ms';

create function raw.read_document(path text) returns table (version bigint, document text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
-- Planning anew for all partitions would take longer than reading.
set plan_cache_mode = force_generic_plan
as $$
begin
    return query
    select
        documents.document_id,
        documents.payload::text
    from raw.documents as documents
    where documents.source_path = path and documents.superseded_at is null
    -- Under other rules the path may have been of another kind.
    order by documents.document_id desc
    limit 1;
end
$$;
comment on function raw.read_document(text) is
    'The current document at a path and its document_id; no row if there is none.';

create function raw.written_version(
    path text, digest bytea, after bigint, since interval, writer int
) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set lock_timeout = '300ms'
as $$
declare
    found bigint;
begin
    -- The write in question may be at work, or not even read yet. Its process ends after it, since
    -- nobody is connected to it any more.
    while exists (select from pg_stat_activity as activity where activity.pid = writer) loop
        if clock_timestamp() > statement_timestamp() + interval '300 ms' then
            raise exception using
                errcode = 'lock_not_available', message = format('Process %s is still at work.', writer);
        end if;
        perform pg_sleep(0.005);
        perform pg_stat_clear_snapshot();
    end loop;
    -- Nobody else is between an update and an insert.
    perform pg_advisory_xact_lock(x'70756c74'::int, hashtext(path));
    select max(documents.document_id)
    into found
    from raw.documents as documents
    where
        documents.source_path = path
        and documents.content_sha256 = digest
        and documents.origin = 'app'
        and documents.document_id > after
        and documents.landed_at >= clock_timestamp() - since;
    return found;
end
$$;
comment on function raw.written_version(text, bytea, bigint, interval, int) is
    'The version of a path that the application wrote with these bytes, after the version of that number and not '
    'longer ago than that; NULL if there is none. Whoever lost the connection to a server process during a write '
    'learns from it whether the write was committed, once that process has ended.';

create table raw.store_reports (
    instance text collate "C" primary key,
    reported_at timestamptz not null,
    counters jsonb not null
);
comment on table raw.store_reports is
    'What each process of the application counted since it began, as it last said; a week after the last time it goes.';
comment on column raw.store_reports.instance is 'The process, by the name of its machine or instance and its number.';
comment on column raw.store_reports.reported_at is 'When it last reported, by the database clock.';
comment on column raw.store_reports.counters is
    'Calls by function and outcome, seconds in total and at most, and what else pulse_store counts; numbers only.';

create function raw.report_store(instance text, counters jsonb) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    is_written boolean;
begin
    if instance is null or counters is null then
        raise exception using
            errcode = 'null_value_not_allowed', message = 'An instance and its counters are needed, not NULL.';
    end if;
    if instance !~ '^[[:print:]]{1,200}$' then
        raise exception using
            errcode = 'PU006', message = 'An instance has a name of 1 to 200 printable characters.';
    end if;
    if jsonb_typeof(counters) <> 'object'
        or pg_column_size(counters) > 16384
        or exists (select from jsonb_each(counters) as counter where jsonb_typeof(counter.value) <> 'number') then
        raise exception using
            errcode = 'PU006', message = 'Counters are an object of numbers, of 16 kB at most.';
    end if;
    delete from raw.store_reports as reports
    where reports.reported_at < clock_timestamp() - interval '7 days';
    insert into raw.store_reports as reports (instance, reported_at, counters)
    values (report_store.instance, clock_timestamp(), report_store.counters)
    on conflict on constraint store_reports_pkey do update
    set reported_at = excluded.reported_at, counters = excluded.counters
    -- Once a minute is enough.
    where reports.reported_at < excluded.reported_at - interval '50 seconds'
    returning true into is_written;
    return coalesce(is_written, false);
end
$$;
comment on function raw.report_store(text, jsonb) is
    'Keeps the counters of a process of the application; true unless it reported less than a minute ago.';

revoke execute on function
    raw.read_document(text),
    raw.written_version(text, bytea, bigint, interval, int),
    raw.report_store(text, jsonb)
from public;
do $$
begin
    -- As deploy/roles.sql does: the application may use the store as soon as the landing is migrated.
    if to_regrole('pulse_app') is not null then
        grant execute on function
            raw.read_document(text),
            raw.written_version(text, bytea, bigint, interval, int),
            raw.report_store(text, jsonb)
        to pulse_app;
    end if;
end
$$;
