"""The SQL of pruning: for each category, a statement that counts and one that removes a batch."""

# ruff: noqa: S608 - only constants of this file are combined.

CUTOFF = """
select coalesce(not isfinite(cutoff), false), case when isfinite(cutoff) then cutoff end
from ops.earliest_cutoff() as cutoff
"""

COUNT_VERSIONS = """
select count(*), coalesce(sum(pg_column_size(payload)), 0)::bigint
from raw.documents
where kind = %(kind)s and superseded_at < %(before)s
"""

# The hash stays: a file with these bytes must not replace what the application wrote.
# A path may have more versions than a batch, so the next batch begins at the last row's path.
REMOVE_VERSIONS = """
with chosen as materialized (
    select source_path, document_id
    from raw.documents
    where kind = %(kind)s and superseded_at < %(before)s and source_path >= %(after)s
    order by source_path
    limit %(batch)s
),

gone as (
    delete from raw.documents as documents
    using chosen
    where
        documents.kind = %(kind)s
        and documents.superseded_at < %(before)s
        and documents.source_path = chosen.source_path
        and documents.document_id = chosen.document_id
    returning
        documents.source_path,
        documents.content_sha256,
        pg_column_size(documents.payload) as payload_bytes
),

remembered as (
    insert into raw.pruned_versions (kind, source_path, content_sha256)
    select distinct %(kind)s, source_path, content_sha256
    from gone
    on conflict do nothing
)

select count(*), coalesce(sum(payload_bytes), 0)::bigint, max(source_path)
from gone
"""

# Of kinds that keep their latest version no hash stays: a running session leaves one per turn.
_REPLACED = "kind = any (%(kinds)s) and superseded_at < %(before)s"

COUNT_REPLACED = f"""
select count(*), coalesce(sum(pg_column_size(payload)), 0)::bigint
from raw.documents
where {_REPLACED}
"""

REMOVE_REPLACED = f"""
with chosen as materialized (
    select source_path, document_id
    from raw.documents
    where {_REPLACED} and source_path >= %(after)s
    order by source_path
    limit %(batch)s
),

gone as (
    delete from raw.documents as documents
    using chosen
    where
        documents.kind = any (%(kinds)s)
        and documents.superseded_at < %(before)s
        and documents.source_path = chosen.source_path
        and documents.document_id = chosen.document_id
    returning documents.source_path, pg_column_size(documents.payload) as payload_bytes
)

select count(*), coalesce(sum(payload_bytes), 0)::bigint, max(source_path)
from gone
"""

_OLD_BYTES = """
    (first_bytes is not null or around is not null)
    and (resolved_at is null) = %(is_open)s
    and coalesce(resolved_at, last_seen_at) < %(before)s
"""

COUNT_BYTES = f"""
select count(*), coalesce(sum(coalesce(length(first_bytes), 0) + coalesce(length(around), 0)), 0)
from raw.quarantine
where {_OLD_BYTES}
"""

EMPTY_BYTES = f"""
with chosen as materialized (
    select
        quarantine_id,
        coalesce(length(first_bytes), 0) + coalesce(length(around), 0) as stored_bytes
    from raw.quarantine
    where quarantine_id > %(after)s and {_OLD_BYTES}
    order by quarantine_id
    limit %(batch)s
),

emptied as (
    update raw.quarantine as entries
    set first_bytes = null, around = null, around_offset = null
    from chosen
    where entries.quarantine_id = chosen.quarantine_id
    returning chosen.quarantine_id, chosen.stored_bytes
)

select count(*), coalesce(sum(stored_bytes), 0)::bigint, max(quarantine_id)
from emptied
"""

# --resume needs the newest run of a source, notifications need to know whether any succeeded.
_OLD_RUNS = """
    runs.status <> 'running'
    and runs.started_at < {before}
    and exists (
        select from ops.runs as newer
        where
            newer.run_id > runs.run_id
            and newer.source = runs.source
            and newer.options = runs.options
            and (newer.status = 'succeeded' or runs.status <> 'succeeded')
    )
"""

_RUN_BYTES = """
    pg_column_size(runs.*)
    + coalesce((
        select sum(pg_column_size(stages.*)) from ops.run_stages as stages
        where stages.run_id = runs.run_id
    ), 0)
    + coalesce((
        select sum(pg_column_size(results.*)) from ops.dbt_results as results
        where results.run_id = runs.run_id
    ), 0)
"""

COUNT_RUNS = f"""
select count(*), coalesce(sum({_RUN_BYTES}), 0)::bigint
from ops.runs as runs
where {_OLD_RUNS.format(before="%(before)s")}
"""

REMOVE_RUNS = f"""
with chosen as materialized (
    select runs.run_id, {_RUN_BYTES} as run_bytes
    from ops.runs as runs
    where runs.run_id > %(after)s and {_OLD_RUNS.format(before="%(before)s")}
    order by runs.run_id
    limit %(batch)s
),

gone as (
    delete from ops.runs as runs
    using chosen
    where runs.run_id = chosen.run_id
    returning chosen.run_id, chosen.run_bytes
)

select count(*), coalesce(sum(run_bytes), 0)::bigint, max(run_id)
from gone
"""

# A load stays as long as a row refers to it. Rows that this prune removes, or in a dry run would
# remove, do not count.
_OLD_LOADS = f"""
    loads.status <> 'running'
    and loads.started_at < %(before)s
    and loads.load_id not in (
        select load_id from raw.files
        where load_id is not null
        union
        select load_id from raw.quarantine
        union
        select documents.load_id
        from raw.documents as documents
        left join unnest(%(kinds)s::text[], %(befores)s::timestamptz[]) as policy (kind, before_at)
            on documents.kind = policy.kind
        where
            documents.load_id is not null
            and (documents.superseded_at < policy.before_at) is not true
        union
        select stages.load_id
        from ops.run_stages as stages
        where
            stages.load_id is not null
            and stages.run_id not in (
                select runs.run_id
                from ops.runs as runs
                where {_OLD_RUNS.format(before="%(runs_before)s")}
            )
        union
        select max(newest.load_id)
        from raw.loads as newest
        where
            newest.status = 'succeeded'
            and not newest.options ?| array['kinds', 'prefix', 'only_quarantined']
        group by newest.source
        union
        select max(newest.load_id)
        from raw.loads as newest
        where newest.status = 'succeeded'
        having max(newest.load_id) is not null
    )
"""

COUNT_LOADS = f"""
select count(*), coalesce(sum(pg_column_size(loads.*)), 0)::bigint
from raw.loads as loads
where {_OLD_LOADS}
"""

REMOVE_LOADS = f"""
with chosen as materialized (
    select loads.load_id, pg_column_size(loads.*) as load_bytes
    from raw.loads as loads
    where loads.load_id > %(after)s and {_OLD_LOADS}
    order by loads.load_id
    limit %(batch)s
),

gone as (
    delete from raw.loads as loads
    using chosen
    where loads.load_id = chosen.load_id
    returning chosen.load_id, chosen.load_bytes
)

select count(*), coalesce(sum(load_bytes), 0)::bigint, max(load_id)
from gone
"""
