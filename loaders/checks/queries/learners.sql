-- One row per learner known at the last check of the marts that passed; lost is who is gone since.
with

judged as (

    select
        known.user_id,
        learners.user_id is null as is_lost
    from ops.known_learners as known
    left join analytics.learners as learners on known.user_id = learners.user_id

),

-- Read through only if somebody is lost.
documents as (

    select
        judged.user_id,
        min(documents.source_path) as source_path
    from judged
    inner join raw.documents as documents on judged.user_id::text = documents.payload ->> 'user_id'
    where judged.is_lost and documents.kind = 'session'
    group by judged.user_id

)

select
    documents.source_path,
    case when judged.is_lost then judged.user_id::text end as lost
from judged
left join documents on judged.user_id = documents.user_id
