-- What: every relation that dbt builds and every column of it carries a comment in the database.
-- Why it matters: analysts read the catalogue, and the guard knows our relations by their comments.
-- How to resolve: describe the column or model named in its _*.yml.
-- depends_on: {{ ref('scorecards') }}, {{ ref('session_transcripts') }}, {{ ref('user_skill_agg') }}
-- depends_on: {{ ref('user_readiness_latest') }}, {{ ref('stg_pulse__rejected_values') }}
-- depends_on: {{ ref('stg_pulse__unknown_fields') }}
-- depends_on: {{ ref('stg_pulse__conversations') }}, {{ ref('stg_pulse__pulse_states') }}
-- depends_on: {{ ref('stg_pulse__sale_states') }}, {{ ref('stg_pulse__trainer_change_logs') }}

with

relations as (

    select
        relation.oid,
        schemata.nspname as schema_name,
        relation.relname as relation_name
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as schemata on relation.relnamespace = schemata.oid
    where
        relation.relkind in ('r', 'v', 'm')
        and (schemata.nspname, relation.relname) in (
            {%- for node in graph.nodes.values()
                if node.resource_type in ('model', 'seed') and node.config.enabled %}
            ('{{ node.schema }}', '{{ node.alias }}'){{ ',' if not loop.last }}
            {%- endfor %}
        )

),

final as (

    select
        relations.schema_name,
        relations.relation_name,
        attributes.attname as column_name
    from relations
    inner join pg_catalog.pg_attribute as attributes on relations.oid = attributes.attrelid
    where
        attributes.attnum > 0
        and not attributes.attisdropped
        and (
            col_description(relations.oid, attributes.attnum) is null
            or obj_description(relations.oid, 'pg_class') is null
        )

)

select * from final
