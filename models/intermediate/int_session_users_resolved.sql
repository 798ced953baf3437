{#- One row per session that names anybody: the first candidate that resolves to an account. -#}

{{ config(
    unique_key='session_id',
    rebuilt_by='session_id',
) }}

with

sessions as (

    select
        session_id,
        user_key,
        request_user_key,
        request_other_user_key
    from {{ ref('stg_pulse__sessions') }}
    where {{ is_affected('session_id') }}

),

scorecards as (

    select
        session_id,
        user_key
    from {{ ref('stg_pulse__scorecards') }}
    where {{ is_affected('session_id') }}

),

answers as (

    select
        session_id,
        user_key,
        answer_index
    from {{ ref('stg_pulse__answer_events') }}
    where {{ is_affected('session_id') }}

),

history_entries as (

    select
        session_id,
        user_key,
        user_id
    from {{ ref('stg_pulse__user_histories__sessions') }}
    where {{ is_affected('session_id') }}

),

history_sessions as (

    select session_id
    from {{ ref('int_history_sessions_deduplicated') }}
    where owner_count = 1 and {{ is_affected('session_id') }}

),

identities as (

    select
        user_key,
        user_id
    from {{ ref('stg_pulse__user_identities') }}

),

candidates as (

    select
        session_id,
        user_key,
        null::uuid as user_id,
        1 as priority,
        0 as position
    from sessions
    union all
    select
        session_id,
        request_user_key as user_key,
        null as user_id,
        2 as priority,
        0 as position
    from sessions
    union all
    select
        session_id,
        request_other_user_key as user_key,
        null as user_id,
        3 as priority,
        0 as position
    from sessions
    union all
    select
        session_id,
        user_key,
        null as user_id,
        4 as priority,
        0 as position
    from scorecards
    union all
    select
        session_id,
        user_key,
        null as user_id,
        5 as priority,
        min(answer_index) as position
    from answers
    group by session_id, user_key
    union all
    select
        history_entries.session_id,
        history_entries.user_key,
        history_entries.user_id,
        6 as priority,
        0 as position
    from history_entries
    inner join history_sessions on history_entries.session_id = history_sessions.session_id

),

resolved as (

    select
        candidates.session_id,
        candidates.priority,
        candidates.position,
        candidates.user_key,
        coalesce(
            candidates.user_id,
            {{ uuid_of('candidates.user_key') }},
            identities.user_id
        ) as user_id,
        case
            when candidates.user_key !~* '{{ uuid_pattern() }}' then candidates.user_key
        end as legacy_user_key
    from candidates
    left join identities on candidates.user_key = identities.user_key
    where candidates.user_id is not null or {{ is_somebody('candidates.user_key') }}

),

final as (

    select
        session_id,
        (
            array_agg(user_id order by priority, position, user_key collate "C")
            filter (where user_id is not null)
        )[1] as user_id,
        (
            array_agg(legacy_user_key order by priority, position, user_key collate "C")
            filter (where legacy_user_key is not null)
        )[1] as legacy_user_key
    from resolved
    group by session_id

)

select * from final
