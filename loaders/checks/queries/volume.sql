-- One row per source that was loaded whole since the last check: its newest load, and the fourteen
-- whole loads before that check. Loads that no check let pass do not count as usual.
with

whole as (

    select
        load_id,
        source,
        seen,
        landed,
        finished_at
    from raw.loads
    where
        status = 'succeeded'
        and not options ?| array['kinds', 'prefix', 'only_quarantined']

),

newest as (

    select distinct on (source)
        load_id,
        source,
        seen,
        landed
    from whole
    where
        finished_at > :'since'
        and finished_at <= :'as_of'
    order by source asc, load_id desc

),

usual as (

    select
        newest.source,
        count(*) as load_count,
        percentile_cont(0.5) within group (order by earlier.seen) as seen,
        percentile_cont(0.5) within group (order by earlier.landed) as landed
    from newest
    cross join
        lateral (
            select
                whole.seen,
                whole.landed
            from whole
            where
                whole.source = newest.source
                and whole.finished_at <= :'since'
            order by whole.load_id desc
            limit 14
        ) as earlier
    group by newest.source

)

select
    newest.load_id,
    newest.source as subject,
    newest.seen,
    newest.landed,
    case
        when usual.load_count >= :'from_loads' and usual.seen > 0
            then round((100 * newest.seen / usual.seen)::numeric, 1)
    end as seen_share,
    case
        when usual.load_count >= :'from_loads'
            then round((newest.landed / greatest(usual.landed, :'landed_floor'))::numeric, 1)
    end as landed_times,
    usual.seen as usual_seen,
    usual.landed as usual_landed
from newest
left join usual on newest.source = usual.source
