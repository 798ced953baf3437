{#- Readiness by one formula. The calculation is separate from the mart, so that two formulas can be compared
    on the same scores (analyses/compare_readiness_formulas.sql).

    A query with one row per user and moment. It reads the CTE `events` of the surrounding query: user_id,
    session_id, skill_tag, score, occurred_at; only skill_tag may be NULL. -#}
{% macro computed_readiness(formula) -%}
{%- set components = ['technical', 'communication', 'structure', 'behavioral'] %}

    with

    formulas as (

        select
            formula_version,
            window_days,
            window_days * interval '24 hours' as window_length
        from {{ ref('readiness_formulas') }}
        where formula_version = '{{ formula }}'

    ),

    skills as (

        select
            skill_tag,
            component
        from {{ ref('readiness_skills') }}
        where formula_version = '{{ formula }}'

    ),

    weights as (

        select
            coalesce(max(weight) filter (where component = 'technical'), 0) as technical,
            coalesce(max(weight) filter (where component = 'communication'), 0) as communication,
            coalesce(max(weight) filter (where component = 'structure'), 0) as structure,
            coalesce(max(weight) filter (where component = 'behavioral'), 0) as behavioral
        from {{ ref('readiness_components') }}
        where formula_version = '{{ formula }}'

    ),

    -- Sums per user and instant: what the window below adds up.
    instants as (

        select
            events.user_id,
            events.occurred_at,
            {%- for component in components %}
            sum(events.score) filter (where skills.component = '{{ component }}') as {{ component }}_total,
            count(*) filter (where skills.component = '{{ component }}') as {{ component }}_count,
            {%- endfor %}
            sum(events.score) filter (where events.skill_tag = 'overall') as overall_total,
            count(*) filter (where events.skill_tag = 'overall') as overall_count,
            count(*) as event_count
        from events
        left join skills on events.skill_tag = skills.skill_tag
        group by events.user_id, events.occurred_at

    ),

    -- All the user's events of the window that ends here, of every session and skill.
    windowed as (

        select
            user_id,
            occurred_at,
            {%- for component in components + ['overall'] %}
            sum({{ component }}_total) over evidence as {{ component }}_total,
            sum({{ component }}_count) over evidence as {{ component }}_count,
            {%- endfor %}
            sum(event_count) over evidence as event_count
        from instants
        window evidence as (
            partition by user_id
            order by occurred_at
            range between (select window_length from formulas) preceding and current row
        )

    ),

    session_ends as (

        select
            user_id,
            session_id,
            max(occurred_at) as snapshot_at
        from events
        group by user_id, session_id

    ),

    -- Sessions that end at the same instant share one moment, with the smallest session_id.
    moments as (

        select distinct on (user_id, snapshot_at)
            user_id,
            snapshot_at,
            session_id
        from session_ends
        order by user_id, snapshot_at, session_id

    ),

    scored as (

        select
            moments.user_id,
            moments.snapshot_at,
            moments.session_id,
            {%- for component in components + ['overall'] %}
            windowed.{{ component }}_count,
            round(
                windowed.{{ component }}_total / nullif(windowed.{{ component }}_count, 0), 2
            ) as {{ component }},
            {%- endfor %}
            windowed.event_count
        from moments
        inner join windowed
            on
                moments.user_id = windowed.user_id
                and moments.snapshot_at = windowed.occurred_at

    ),

    -- The weighted mean of the components that exist; without any, the average of the overall scores.
    weighed as (

        select
            scored.*,
            coalesce(
                round(
                    (
                        {%- for component in components %}
                        {% if not loop.first %}+ {% endif -%}
                        coalesce(weights.{{ component }} * scored.{{ component }}, 0)
                        {%- endfor %}
                    ) / nullif(
                        {%- for component in components %}
                        {% if not loop.first %}+ {% endif -%}
                        case when scored.{{ component }} is null then 0 else weights.{{ component }} end
                        {%- endfor %},
                        0
                    ),
                    2
                ),
                scored.overall
            ) as readiness_overall
        from scored
        cross join weights

    )

    select
        weighed.user_id,
        'computed' as source,
        weighed.snapshot_at,
        weighed.session_id,
        weighed.readiness_overall,
        weighed.technical as readiness_technical,
        weighed.communication as readiness_communication,
        weighed.structure as readiness_structure,
        weighed.behavioral as readiness_behavioral,
        weighed.readiness_overall - lag(weighed.readiness_overall) over (
            partition by weighed.user_id
            order by weighed.snapshot_at
        ) as delta_overall,
        weighed.event_count::int as event_count,
        formulas.formula_version,
        jsonb_build_object(
            'formula', formulas.formula_version,
            'window_days', formulas.window_days,
            'weights', jsonb_build_object(
                {%- for component in components %}
                '{{ component }}', weights.{{ component }}{{ ',' if not loop.last }}
                {%- endfor %}
            ),
            'sample_sizes', jsonb_build_object(
                {%- for component in components + ['overall'] %}
                '{{ component }}', weighed.{{ component }}_count{{ ',' if not loop.last }}
                {%- endfor %}
            )
        ) as meta
    from weighed
    cross join formulas
    cross join weights
    where weighed.readiness_overall is not null

{%- endmacro %}
