{#- One row per score of a session, whatever document it stands in: all on the scale 0 to 100. -#}

{{ config(
    materialized='ephemeral',
) }}

with

scorecards as (

    select
        session_id,
        scorecard_format,
        overall_score,
        overall_notes,
        bce_score,
        bce_notes,
        mcf_score,
        mcf_notes,
        cpo_score,
        cpo_notes
    from {{ ref('int_scorecards_normalized') }}
    where {{ is_affected('session_id') }}

),

evaluations as (

    select
        session_id,
        step_key,
        pulse_step,
        reason,
        score
    from {{ ref('stg_pulse__evaluations__steps') }}
    where {{ is_affected('session_id') }}

),

answers as (

    select
        session_id,
        answer_index,
        scenario_id,
        pulse_step,
        skill_tag,
        notes,
        score,
        is_unit_scale,
        occurred_at,
        raw_metrics
    from {{ ref('stg_pulse__answer_events') }}
    where {{ is_affected('session_id') }}

),

-- event_key: what tells the events of one source within one session apart.
scorecard_scores as (

    select
        scorecards.session_id,
        case scorecards.scorecard_format
            when 'history' then 'history' else 'scorecard'
        end as event_source,
        part.skill_tag as event_key,
        null::text as scenario_id,
        'session_end' as pulse_step,
        part.skill_tag,
        part.notes,
        part.score,
        null::timestamptz as occurred_at,
        null::jsonb as raw_metrics
    from scorecards
    cross join lateral (
        values
        ('overall', scorecards.overall_score, scorecards.overall_notes),
        ('bce', scorecards.bce_score, scorecards.bce_notes),
        ('mcf', scorecards.mcf_score, scorecards.mcf_notes),
        ('cpo', scorecards.cpo_score, scorecards.cpo_notes)
    ) as part (skill_tag, score, notes)

),

evaluation_scores as (

    select
        session_id,
        'evaluation' as event_source,
        step_key as event_key,
        null as scenario_id,
        pulse_step,
        lower(pulse_step) as skill_tag,
        reason as notes,
        round(score * 100 / 3, 2) as score,
        null::timestamptz as occurred_at,
        null::jsonb as raw_metrics
    from evaluations

),

answer_scores as (

    select
        session_id,
        'answer' as event_source,
        answer_index::text as event_key,
        scenario_id,
        pulse_step,
        skill_tag,
        notes,
        round(score * case when is_unit_scale then 100 else 1 end, 2) as score,
        occurred_at,
        raw_metrics
    from answers

),

unioned as (

    select * from scorecard_scores
    union all
    select * from evaluation_scores
    union all
    select * from answer_scores

),

final as (

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
    from unioned
    where score is not null

)

select * from final
