-- Two rows: the newest document of the landing, and the newest session of the marts. Freshness is
-- relative to the landing, never to today. (to_char gives NULL for an infinite time, and a NULL
-- message would be no finding.)
with

newest_document as (

    select
        source_path,
        landed_at
    from raw.documents
    order by landed_at desc
    limit 1

),

last_build as (

    select max(cutoff_at) as cutoff_at
    from (
        select cutoff_at
        from staging.builds as builds
        where is_successful
        -- Between an upgrade and the first build after it, builds have no numbers.
        order by (to_jsonb(builds) ->> 'build_number')::bigint desc nulls last, cutoff_at desc
        limit 1
    ) as newest

),

newest_session as (

    select
        session_id,
        occurred_at
    from analytics.session_events
    order by occurred_at desc nulls last
    limit 1

)

select
    newest_document.source_path,
    case
        when
            newest_document.landed_at
            > coalesce(last_build.cutoff_at, '-infinity') + :'unbuilt_hours' * interval '1 hour'
            then
                concat(
                    'the newest document landed at ',
                    coalesce(
                        to_char(newest_document.landed_at, 'YYYY-MM-DD HH24"h"MI'),
                        newest_document.landed_at::text
                    ),
                    ' UTC, the last whole build read as of ',
                    coalesce(
                        to_char(last_build.cutoff_at, 'YYYY-MM-DD HH24"h"MI'),
                        last_build.cutoff_at::text,
                        'never'
                    )
                )
    end as unbuilt,
    null as ahead,
    null as stale
from newest_document
cross join last_build
union all
select
    scorecards.source_path,
    null as unbuilt,
    case
        when newest_session.occurred_at > newest_document.landed_at + :'future_hours' * interval '1 hour'
            then
                concat(
                    'it was on ',
                    coalesce(
                        to_char(newest_session.occurred_at, 'YYYY-MM-DD'), newest_session.occurred_at::text
                    )
                )
    end as ahead,
    case
        when newest_session.occurred_at < newest_document.landed_at - :'stale_days' * interval '24 hours'
            then
                concat(
                    'the newest was on ',
                    coalesce(
                        to_char(newest_session.occurred_at, 'YYYY-MM-DD'), newest_session.occurred_at::text
                    )
                )
    end as stale
from newest_session
cross join newest_document
left join analytics.scorecards as scorecards on newest_session.session_id = scorecards.session_id
