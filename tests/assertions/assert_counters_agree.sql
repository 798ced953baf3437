-- What: rows of the marts = rows of staging that belong there + what was rejected, source by source.
-- Why it matters: a join that multiplies or drops rows moves every average, and no one sees it.
-- How to resolve: the counter named says which mart; compare it with its staging model by session_id.

with

staging_counts as (

    select
        'scorecards of documents' as counter,
        (select count(*) from {{ ref('stg_pulse__scorecards') }}) as expected,
        (
            select count(*) from {{ ref('scorecards') }}
            where scorecard_format <> 'history'
        ) as actual

    union all

    select
        'transcripts' as counter,
        (select count(*) from {{ ref('stg_pulse__transcripts') }}) as expected,
        (select count(*) from {{ ref('session_transcripts') }}) as actual

    union all

    select
        'scores of scorecards' as counter,
        (
            select coalesce(sum(num_nonnulls(overall_score, bce_score, mcf_score, cpo_score)), 0)
            from {{ ref('scorecards') }}
        ) as expected,
        (
            select count(*) from {{ ref('session_events') }}
            where event_source in ('scorecard', 'history')
        ) as actual

    union all

    select
        'scores of evaluations' as counter,
        (select count(score) from {{ ref('stg_pulse__evaluations__steps') }}) as expected,
        (
            select count(*) from {{ ref('session_events') }}
            where event_source = 'evaluation'
        ) as actual

    union all

    select
        'scores of answers' as counter,
        (select count(score) from {{ ref('stg_pulse__answer_events') }}) as expected,
        (
            select count(*) from {{ ref('session_events') }}
            where event_source = 'answer'
        ) as actual

    union all

    select
        'scores of users' as counter,
        (
            select count(*) from {{ ref('session_events') }}
            where user_id is not null and occurred_at is not null and skill_tag is not null
        ) as expected,
        (
            select coalesce(sum(sample_size), 0) from {{ ref('user_skill_agg') }}
            where window_name = 'all_time'
        ) as actual

    union all

    select
        'legacy snapshots' as counter,
        (
            select count(distinct concat(user_id, snapshot_at))
            from {{ ref('stg_pulse__user_histories__snapshots') }}
            where user_id is not null
        ) as expected,
        (
            select count(*) from {{ ref('user_readiness') }}
            where source = 'legacy'
        ) as actual

    union all

    select
        'scores of weeks' as counter,
        (
            select count(*) from {{ ref('session_events') }}
            where user_id is not null and occurred_at is not null and skill_tag is not null
        ) as expected,
        (select coalesce(sum(sample_size), 0) from {{ ref('user_skill_trend') }}) as actual

    union all

    select
        'sessions of learners' as counter,
        (
            select count(*) from {{ ref('int_sessions_resolved') }}
            where user_id is not null
        ) as expected,
        (select coalesce(sum(session_count), 0) from {{ ref('learners') }}) as actual

    union all

    select
        'learners of cohorts' as counter,
        (select count(*) from {{ ref('user_readiness_latest') }}) as expected,
        (
            select coalesce(sum(learner_count), 0) from {{ ref('cohort_readiness') }}
            where months_since = 0
        ) as actual

    union all

    select
        'trainer change logs' as counter,
        (select count(*) from {{ ref('stg_pulse__trainer_change_logs') }}) as expected,
        (select count(*) from {{ ref('trainer_change_logs') }}) as actual

),

final as (

    select
        counter,
        expected,
        actual
    from staging_counts
    where expected <> actual

)

select * from final
