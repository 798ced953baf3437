-- What: every relation of the project, and each of its columns, has a comment in the database.
-- Why it matters: analysts read the catalogue. Their own additions need no comments.
-- How to resolve: describe the column or model named in its _*.yml.
{% test everything_is_described(model, after) %}
{#- after: the views, so that the test runs after them. No view reads the models below. -#}
-- depends_on: {{ ref('stg_pulse__rejected_values') }}, {{ ref('stg_pulse__conversations') }}
-- depends_on: {{ ref('stg_pulse__pulse_states') }}, {{ ref('stg_pulse__sale_states') }}
-- depends_on: {{ ref('stg_pulse__unknown_fields') }}

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
            {%- for node in (graph.nodes or {}).values()
                if node.package_name == project_name and node.fqn[1] != 'own'
                and (node.config.get('contract', {}).get('enforced') or node.config.get('column_types')) %}
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
            or trim(obj_description(relations.oid, 'pg_class')) = '{{ ownership_marker() | trim }}'
            or obj_description(relations.oid, 'pg_class') is null
        )

)

select * from final

{% endtest %}
