{#- One row per entry of a landed version of a user history: a session's result or a readiness
    snapshot that the app computed. -#}

{{ parts_of_documents('user_history', 'entries', ['user_key']) }}

{%- set casts = [] -%}
{%- set list_names = ['history', 'sessions'] -%}
{%- do reject_when(casts, 'entries.payload', '$', "entries.entry_kind = 'unusable'", 'wrong_shape') -%}

with

source as (

    select * from {{ documents_of('user_history') }}

),

-- Materialized: what is worked out once per history must not be worked out for each entry.
lists as materialized (

    select
        document_id,
        source_path,
        user_key,
        source_modified_at,
        rejected_file_time,
        landed_at,
        {{ json_list('payload', list_names) }} as entries,
        {{ json_list_path('payload', list_names) }} as json_path
    from source

),

elements as (

    select
        lists.document_id,
        lists.source_path,
        lists.user_key,
        lists.source_modified_at,
        lists.rejected_file_time,
        lists.landed_at,
        entry.value as payload,
        (entry.position - 1)::int as entry_index,
        lists.json_path || '[' || entry.position - 1 || ']' as json_path
    from lists
    cross join
        lateral jsonb_array_elements(lists.entries)
        with ordinality as entry (value, position)

),

kinds as (

    select
        *,
        case
            when
                jsonb_typeof(payload -> 'sessionId') in ('string', 'number')
                and {{ json_text("payload -> 'sessionId'") }} <> ''
                then 'session'
            when payload -> 'timestamp' <> 'null' then 'snapshot'
            else 'unusable'
        end as entry_kind
    from elements

),

-- Only the fields of its kind are read.
entries as (

    select
        *,
        case entry_kind when 'session' then payload else '{}' end as session_result,
        case entry_kind when 'snapshot' then payload else '{}' end as readiness_snapshot
    from kinds

),

renamed as (

    select
        -- ids
        entries.document_id,
        entries.source_path,
        entries.user_key,
        entries.entry_index,
        entries.json_path,
        {{ safe_text(casts, 'result."sessionId"', 'sessionId') }} as session_key,
        {{ session_id_of(json_text('result."sessionId"')) }} as session_id,

        -- strings
        entries.entry_kind,
        coalesce(
            {{ safe_text(casts, 'result.persona', 'persona') }},
            {{ safe_text(casts, 'result."personaName"', 'personaName') }}
        ) as persona,
        {{ safe_choice(casts, 'result.outcome', 'outcome', sale_outcomes()) }} as sale_outcome,

        -- numerics: of a session
        {{ safe_number(casts, 'result.score', 'score', 0, 100) }} as score,
        {{ safe_integer(casts, 'result.duration', 'duration') }} as total_exchanges,

        -- numerics: of a readiness snapshot
        {%- for component in ['overall', 'technical', 'communication', 'structure', 'behavioral'] %}
        {{ safe_number(casts, 'snapshot.' ~ component, component, 0, 100) }} as readiness_{{ component }},
        {%- endfor %}

        -- timestamps
        {{ safe_timestamp(casts, 'result."date"', 'date', 'entries.landed_at') }} as occurred_at,
        {{ safe_timestamp(casts, 'snapshot."timestamp"', 'timestamp', 'entries.landed_at') }} as snapshot_at,
        entries.source_modified_at,
        entries.rejected_file_time,
        entries.landed_at,

        -- what could not be cast, and the evidence
        {{ rejected_values(casts, 'entries.json_path') }} as rejected_values,
        entries.payload
    from entries
    cross join
        lateral jsonb_to_record(entries.session_result) as result (
            "sessionId" jsonb,
            "date" jsonb,
            persona jsonb,
            "personaName" jsonb,
            outcome jsonb,
            score jsonb,
            duration jsonb
        )
    cross join
        lateral jsonb_to_record(entries.readiness_snapshot) as snapshot (
            "timestamp" jsonb,
            overall jsonb,
            technical jsonb,
            communication jsonb,
            structure jsonb,
            behavioral jsonb
        )

)

select * from renamed
