-- One row per scorecard that landed since the last check, and whether its session did.
with

sessions as (

    select distinct session_key
    from raw.documents
    where kind = 'session' and superseded_at is null

)

select
    scorecards.source_path,
    case
        when sessions.session_key is null then concat('no session ', scorecards.session_key)
    end as sessionless
from raw.documents as scorecards
left join sessions on scorecards.session_key = sessions.session_key
where
    scorecards.kind = 'scorecard'
    and scorecards.superseded_at is null
    and scorecards.landed_at > :'since'
    and scorecards.landed_at <= :'as_of'
