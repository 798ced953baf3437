-- What: every session that a document or a history names is resolved, once, and its scores are in the marts.
-- Why it matters: nobody's session may disappear because a join key was null.
-- How to resolve: find the session in int_sessions_resolved; a join there or in the mart drops it.

with

named as (

    select session_id from {{ ref('stg_pulse__session_documents') }}
    union
    select session_id from {{ ref('stg_pulse__user_histories__sessions') }}

),

resolved as (

    select session_id from {{ ref('int_sessions_resolved') }}

),

scored as (

    select session_id from {{ ref('stg_pulse__scorecards') }}
    union
    select session_id from {{ ref('stg_pulse__user_histories__sessions') }}

),

scorecards as (

    select session_id from {{ ref('scorecards') }}

),

final as (

    select
        coalesce(named.session_id, resolved.session_id) as session_id,
        'int_sessions_resolved' as differs_in
    from named
    full join resolved on named.session_id = resolved.session_id
    where named.session_id is null or resolved.session_id is null

    union all

    select
        coalesce(scored.session_id, scorecards.session_id) as session_id,
        'scorecards' as differs_in
    from scored
    full join scorecards on scored.session_id = scorecards.session_id
    where scored.session_id is null or scorecards.session_id is null

)

select * from final
