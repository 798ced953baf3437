{#- One row per current scorecard document: its generation told apart, its scores cast on the scale
    they were written in. -#}

{{ whole_documents('scorecard') }}

{%- set casts = [] -%}
{%- set parts = {'bce': 'BCE_Score', 'mcf': 'MCF_Score', 'cpo': 'CPO_Score'} -%}
{%- do register_cast(
    casts, 'payload', '$', none, "scorecard_format = 'unknown'",
    "case jsonb_typeof(payload) when 'object' then 'unknown_format' else 'wrong_shape' end"
) -%}
{%- do expect_shape(casts, 'overall', 'overall', 'object') -%}
{%- do expect_shape(casts, 'bce', 'bce', 'object') -%}
{%- do expect_shape(casts, 'mcf', 'mcf', 'object') -%}
{%- do expect_shape(casts, 'cpo', 'cpo', 'object') -%}
{%- do expect_shape(casts, 'pulse_details', 'pulse_details', 'object') -%}
{%- do expect_shape(casts, 'agent_scores', 'Agent_Scores', 'object') -%}

with

source as (

    select * from {{ documents_of('scorecard') }}

),

told_apart as (

    select
        *,
        jsonb_typeof(payload) = 'object'
        and payload ?| array[
            'Overall_Certification_Score', 'Certification_Status', 'Agent_Scores'
        ] as is_certification
    from source

),

-- A certification's scores are read by its own names alone.
split as (

    select
        *,
        case when is_certification then payload else '{}' end as certification_document,
        case when is_certification then '{}' else {{ json_object('payload') }} end as pulse_document
    from told_apart

),

documents as (

    select
        split.document_id,
        split.source_path,
        split.session_key,
        split.source_modified_at,
        split.rejected_file_time,
        split.landed_at,
        split.payload,
        split.is_certification,
        coalesce(certification."Trainee_ID", pulse."Trainee_ID") as trainee_id,
        coalesce(certification."Persona_Tested", pulse."Persona_Tested") as persona_tested,
        certification."Overall_Certification_Score" as certification_score,
        certification."Certification_Status" as certification_status,
        certification."Agent_Scores" as agent_scores,
        pulse.overall,
        pulse.bce,
        pulse.mcf,
        pulse.cpo,
        coalesce(pulse.pulse_details, certification.pulse_details) as pulse_details
    from split
    cross join
        lateral jsonb_to_record(split.certification_document) as certification (
            "Trainee_ID" jsonb,
            "Persona_Tested" jsonb,
            "Overall_Certification_Score" jsonb,
            "Certification_Status" jsonb,
            "Agent_Scores" jsonb,
            pulse_details jsonb
        )
    cross join
        lateral jsonb_to_record(split.pulse_document) as pulse (
            overall jsonb,
            bce jsonb,
            mcf jsonb,
            cpo jsonb,
            pulse_details jsonb,
            "Trainee_ID" jsonb,
            "Persona_Tested" jsonb
        )

),

located as (

    select
        *,
        {%- for part, certified_name in parts.items() %}
        case
            when is_certification then agent_scores -> '{{ certified_name }}' else {{ part }} -> 'score'
        end as {{ part }}_value,
        {%- endfor %}
        case
            when is_certification then certification_score else overall -> 'score'
        end as overall_value
    from documents

),

numbered as (

    select
        *,
        {%- for part in parts %}
        {{ json_number(part ~ '_value', 'is_certification') }} as {{ part }}_number,
        {%- endfor %}
        {{ json_number('overall_value', 'is_certification') }} as overall_number
    from located

),

generations as (

    select
        *,
        case
            when is_certification then 'certification'
            when overall -> 'raw_score' <> 'null' or pulse_details <> 'null' then 'pulse'
            when
                least(overall_number, bce_number, mcf_number, cpo_number) >= 0
                and greatest(overall_number, bce_number, mcf_number, cpo_number) <= 1
                then 'unit'
            when num_nonnulls(overall_number, bce_number, mcf_number, cpo_number) > 0 then 'pulse'
            else 'unknown'
        end as scorecard_format
    from numbered

),

-- Materialized: the expressions below would repeat all those above many times.
ranges as materialized (

    select
        *,
        case scorecard_format when 'unit' then 1 else 100 end as overall_maximum,
        case scorecard_format when 'unit' then 1 when 'pulse' then 3 else 100 end as part_maximum
    from generations

),

renamed as (

    select
        {{ document_columns('scorecard') }},

        -- ids
        {{ safe_user_key(casts, 'trainee_id', 'Trainee_ID') }} as user_key,

        -- strings
        scorecard_format,
        {{ safe_text(casts, 'persona_tested', 'Persona_Tested') }} as persona,
        {{ safe_choice(casts, 'certification_status', 'Certification_Status', ['pass', 'fail']) }}
            as certification_status,
        {{ safe_text(casts, "pulse_details -> 'stage_name'", 'pulse_details.stage_name') }} as stage_name,
        {{ safe_choice(
            casts, "pulse_details -> 'sale_outcome'", 'pulse_details.sale_outcome', sale_outcomes()
        ) }} as sale_outcome,
        {{ safe_text_array(casts, "pulse_details -> 'missteps'", 'pulse_details.missteps') }} as missteps,
        coalesce(
            {{ safe_text(casts, "overall -> 'summary'", 'overall.summary') }},
            {{ safe_text(casts, "overall -> 'notes'", 'overall.notes') }}
        ) as overall_notes,
        {%- for part in parts %}
        coalesce(
            {{ safe_text(casts, part ~ " -> 'summary'", part ~ '.summary') }},
            {{ safe_text(casts, part ~ " -> 'notes'", part ~ '.notes') }}
        ) as {{ part }}_notes,
        {%- endfor %}

        -- numerics
        {{ safe_number(
            casts, 'overall_value', none, 0, 'overall_maximum', percent_when='is_certification', number='overall_number',
            named_by="case when is_certification then 'Overall_Certification_Score' else 'overall.score' end"
        ) }} as overall_score,
        {{ safe_number(casts, "overall -> 'raw_score'", 'overall.raw_score', 0, 3) }} as raw_score,
        {%- for part, certified_name in parts.items() %}
        {{ safe_number(
            casts, part ~ '_value', none, 0, 'part_maximum', percent_when='is_certification', number=part ~ '_number',
            named_by="case when is_certification then 'Agent_Scores." ~ certified_name ~ "' else '" ~ part ~ ".score' end"
        ) }} as {{ part }}_score,
        {%- endfor %}
        {{ safe_integer(
            casts, "pulse_details -> 'final_stage'", 'pulse_details.final_stage', 1, 5
        ) }} as final_stage,
        {{ safe_integer(
            casts, "pulse_details -> 'trust_score'", 'pulse_details.trust_score', 0, 10
        ) }} as trust_score,
        {{ safe_integer(
            casts, "pulse_details -> 'total_exchanges'", 'pulse_details.total_exchanges'
        ) }} as total_exchanges,

        -- booleans
        {{ safe_boolean(casts, "overall -> 'passed'", 'overall.passed') }} as is_passed,

        -- what could not be cast, and the evidence
        {{ rejected_values(casts) }} as rejected_values,
        {{ unknown_fields('scorecard', {
            '': 'payload',
            'overall': "(payload -> 'overall')",
            'bce': "(payload -> 'bce')",
            'mcf': "(payload -> 'mcf')",
            'cpo': "(payload -> 'cpo')",
            'pulse_details': 'pulse_details',
            'Agent_Scores': 'agent_scores',
            'Feedback_Consolidated': "(payload -> 'Feedback_Consolidated')",
        }) }} as unknown_fields,
        payload
    from ranges

)

select * from renamed
