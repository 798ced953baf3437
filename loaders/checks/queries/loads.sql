-- One row per load that succeeded since the last check: its ledger, recounted from what it wrote.
with

loads as (

    select
        load_id,
        source,
        started_at,
        finished_at,
        seen,
        landed,
        changed,
        unchanged,
        quarantined,
        left_as_config,
        unrecognised,
        load_id = max(load_id) over () as is_newest
    from raw.loads
    where
        status = 'succeeded'
        and finished_at > :'since'
        and finished_at <= :'as_of'

),

-- A load stamps its documents while it runs, hence the bounds.
written as (

    select
        load_id,
        count(*) as documents
    from raw.documents
    where landed_at > (select min(loads.started_at) from loads)
    group by load_id

),

refused as (

    select
        loads.load_id,
        count(*) as files
    from loads
    inner join raw.quarantine as quarantine
        on quarantine.first_seen_at between loads.started_at and loads.finished_at
    group by loads.load_id

)

select
    loads.load_id,
    loads.source as subject,
    case
        when
            loads.seen <> loads.landed + loads.unchanged + loads.quarantined
            + loads.left_as_config + loads.unrecognised
            then
                concat(
                    'load ', loads.load_id, ' has seen ', loads.seen,
                    ' files, and its counters do not add up to that'
                )
        -- For kinds that keep only their latest version, a closing load removes older ones.
        when
            coalesce(written.documents, 0) > loads.landed
            or (loads.is_newest and coalesce(written.documents, 0) < loads.landed)
            then
                concat(
                    'load ', loads.load_id, ' says it landed ', loads.landed,
                    ' documents, raw.documents holds ', coalesce(written.documents, 0), ' of it'
                )
        when coalesce(refused.files, 0) <> loads.quarantined
            then
                concat(
                    'load ', loads.load_id, ' says it refused ', loads.quarantined,
                    ' files, raw.quarantine holds ', coalesce(refused.files, 0), ' of it'
                )
    end as contradiction
from loads
left join written on loads.load_id = written.load_id
left join refused on loads.load_id = refused.load_id
