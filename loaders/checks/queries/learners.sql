-- One row per learner known at the last check of the marts that passed; lost if missing since.
with

known_before as (

    select
        known.user_id,
        learners.user_id is null as is_lost
    from ops.known_learners as known
    left join analytics.learners as learners on known.user_id = learners.user_id

),

-- Scanned only if a learner is lost.
documents as (

    select
        known_before.user_id,
        min(documents.source_path) as source_path
    from known_before
    inner join raw.documents as documents on known_before.user_id::text = documents.payload ->> 'user_id'
    where known_before.is_lost and documents.kind = 'session'
    group by known_before.user_id

)

select
    documents.source_path,
    case when known_before.is_lost then known_before.user_id::text end as lost
from known_before
left join documents on known_before.user_id = documents.user_id
