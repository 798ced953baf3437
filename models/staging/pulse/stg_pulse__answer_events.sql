{#- One row per evaluated answer, on the scale of its file. -#}

with

answers as (

    select * from {{ authoritative_documents('base_pulse__answer_events__answers') }}

),

pulse_steps as (

    select
        step_key,
        pulse_step
    from {{ ref('pulse_steps') }}

),

final as (

    select
        -- ids
        answers.document_id,
        answers.source_path,
        answers.session_id,
        answers.answer_index,
        answers.user_key,
        answers.scenario_id,

        -- strings
        pulse_steps.pulse_step,
        answers.skill_tag,
        answers.notes,

        -- numerics
        answers.score,

        -- booleans
        answers.is_unit_scale,

        -- timestamps
        answers.occurred_at,

        -- evidence
        answers.raw_metrics
    from answers
    left join pulse_steps
        on lower(answers.pulse_step) = pulse_steps.step_key

)

select * from final
