{#- One row per trainer change log. -#}

with

logs as (

    select
        source_path,
        session_id,
        user_key,
        scenario_id,
        pulse_step,
        observed_pattern,
        logged_at,
        payload
    from {{ ref('stg_pulse__trainer_change_logs') }}

),

identities as (

    select
        user_key,
        user_id
    from {{ ref('stg_pulse__user_identities') }}

),

final as (

    select
        md5(logs.source_path)::uuid as log_id,
        logs.logged_at,
        logs.pulse_step,
        logs.scenario_id,
        {{ account_of('logs.user_key', 'identities.user_id') }} as user_id,
        logs.session_id,
        logs.observed_pattern,
        logs.payload as log_json
    from logs
    left join identities on logs.user_key = identities.user_key

)

select * from final
