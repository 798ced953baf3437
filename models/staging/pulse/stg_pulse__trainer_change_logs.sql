{#- One row per current trainer change log, its step spelled as in the seed. -#}

with

logs as (

    select * from {{ ref('base_pulse__trainer_change_logs') }}

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
        logs.document_id,
        logs.source_path,
        logs.session_id,
        logs.session_key,
        logs.user_key,
        logs.scenario_id,

        -- strings
        pulse_steps.pulse_step,
        logs.observed_pattern,

        -- booleans
        logs.is_emitted,

        -- timestamps
        logs.logged_at,
        logs.source_modified_at,
        logs.landed_at,

        -- evidence
        logs.payload
    from logs
    left join pulse_steps
        on lower(logs.pulse_step) = pulse_steps.step_key

)

select * from final
