{#- One row per score that a session left anywhere. -#}

{{ config(
    rebuilt_by='session_id',
    indexes=[{'columns': ['user_id', 'occurred_at']}],
) }}

with

scores as (

    select
        session_id,
        event_source,
        event_key,
        scenario_id,
        pulse_step,
        skill_tag,
        notes,
        score,
        occurred_at,
        raw_metrics
    from {{ ref('int_scores_unioned') }}

),

sessions as (

    select
        session_id,
        user_id,
        persona,
        occurred_at
    from {{ ref('int_sessions_resolved') }}
    where {{ is_affected('session_id') }}

),

final as (

    select
        scores.session_id,
        md5(concat_ws('|', scores.session_id, scores.event_source, scores.event_key))::uuid as event_id,
        sessions.user_id,
        coalesce(scores.occurred_at, sessions.occurred_at) as occurred_at,
        coalesce(scores.scenario_id, sessions.persona) as scenario_id,
        scores.pulse_step,
        scores.skill_tag,
        scores.score::numeric(5, 2) as score,
        scores.raw_metrics,
        scores.notes,
        scores.event_source
    from scores
    inner join sessions on scores.session_id = sessions.session_id

)

select * from final
