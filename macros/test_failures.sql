{#- The rows of a failing test are kept in schema test_failures, in a table named like the test, until it passes.
    Rows may hold personal data, so no role is granted that schema.


    dbt itself drops and creates a table for every test of every build, so that two concurrent builds conflict.
    Here a test that passes writes nothing. -#}

{% materialization test, adapter='postgres' %}

    {%- set found = get_limit_subquery_sql(sql, config.get('limit')) -%}

    {%- call statement('main', fetch_result=True) -%}
        {{ get_test_sql(found, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none) }}
    {%- endcall -%}

    {%- if should_store_failures() -%}
        {%- do keep_failures(found, load_result('main').data[0][0] != 0) -%}
    {%- endif -%}

    {{ return({'relations': []}) }}

{% endmaterialization %}


{#- Keeps the rows that a test found, in place of earlier ones. -#}
{% macro keep_failures(found, is_failing) -%}
    {%- set failures = api.Relation.create(
        database=model.database, schema=model.schema, identifier=model.alias, type='table'
    ) -%}
    {%- set standing = adapter.get_relation(failures.database, failures.schema, failures.identifier) -%}

    {%- if standing or is_failing -%}
        {#- A lock serializes builds that keep the same test's rows. The test may be slow, so its query runs
            before. -#}
        {%- if is_failing -%}
            {%- call statement('find_failures', auto_begin=true) -%}
                create temporary table kept_failures on commit drop as
                {{ found }}
            {%- endcall -%}
        {%- endif -%}
        {%- call statement('keep_failures', auto_begin=true) -%}
            select pg_advisory_xact_lock({{ advisory_lock('kept_failures', "'" ~ failures ~ "'") }});
            drop table if exists {{ failures }};
            {%- if is_failing %}
            create table {{ failures }} as table pg_temp.kept_failures;
            {{ postgres__alter_relation_comment(
                failures, 'What the test ' ~ model.name ~ ' found; dropped when it passes again.'
            ) }}
            {{ register_relation(failures) if is_making_relations() }}
            {%- endif %}
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}
