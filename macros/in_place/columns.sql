{#- The columns of a standing table and those of its contract: brought into line without a swap, so that what
    depends on the table stays; or the build refuses. constraints.sql does the same for keys and checks. -#}

{#- An empty temporary table of these columns: what the standing one must look like. -#}
{% macro create_shape(columns) -%}
    {%- set shape = api.Relation.create(schema='pg_temp', identifier=this.identifier, type='table') -%}
    {%- call statement('create_shape') -%}
        create temporary table {{ adapter.quote(this.identifier) }} {{ columns }} on commit drop
    {%- endcall -%}
    {{ return(shape) }}
{%- endmacro %}


{#- Refuses SQL that does not give the columns of the contract, in any order. Like dbt's own check, but silent
    on numerics without a precision: staging takes numbers as they are. -#}
{% macro assert_contract(sql) -%}
    {%- set given = get_column_schema_from_query(sql) -%}
    {%- set wanted = contracted_columns() -%}
    {%- if as_types(given) | sort != as_types(wanted) | sort -%}
        {%- do exceptions.raise_contract_error(format_columns(wanted), format_columns(given)) -%}
    {%- endif -%}
{%- endmacro %}


{% macro contracted_columns() -%}
    {%- set casts = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do casts.append("null::" ~ column.data_type ~ " as " ~ column.name) -%}
    {%- endfor -%}
    {{ return(get_column_schema_from_query("select " ~ casts | join(', '))) }}
{%- endmacro %}


{% macro as_types(columns) -%}
    {%- set types = [] -%}
    {%- for column in columns %}{% do types.append(column.name ~ ' ' ~ column.dtype) %}{% endfor -%}
    {{ return(types) }}
{%- endmacro %}


{#- Columns that differ between the shape and the standing table: name, wanted type, standing type. -#}
{% macro differing_columns(shape, relation) -%}
    {{ return(run_query(
        "with shape as (" ~ columns_of(shape) ~ "), standing as (" ~ columns_of(relation) ~ ")"
        ~ " select coalesce(shape.name, standing.name), shape.type, standing.type"
        ~ " from shape full join standing on shape.name = standing.name"
        ~ " where shape.type is distinct from standing.type"
        ~ " order by shape.place, standing.place"
    ).rows) }}
{%- endmacro %}


{% macro columns_of(relation) -%}
    select attname as name, format_type(atttypid, atttypmod) as type, attnum as place
    from pg_catalog.pg_attribute
    where attrelid = '{{ relation.render() }}'::regclass and attnum > 0 and not attisdropped
{%- endmacro %}


{#- A column of another type is dropped and added: all rows are computed anew anyway, and no rewrite can
    show an older snapshot an empty table. -#}
{% macro conform_columns(shape, relation, is_allowed) -%}
    {%- set differing = differing_columns(shape, relation) -%}
    {%- set refused = differing if not appends_columns(model) else differing | selectattr(2) | list -%}
    {%- if refused and not is_allowed -%}
        {%- do exceptions.raise_compiler_error(changed_columns_message(relation, refused | map('first') | list)) -%}
    {%- endif -%}
    {%- if differing -%}
        {%- for column in differing if column[2] -%}
            {%- do drop_dependents(relation, column[0]) -%}
        {%- endfor -%}
        {%- set clauses = [] -%}
        {%- for column in differing if column[2] -%}
            {%- do clauses.append('drop column ' ~ adapter.quote(column[0])) -%}
        {%- endfor -%}
        {%- for column in differing if column[1] -%}
            {%- do clauses.append('add column ' ~ adapter.quote(column[0]) ~ ' ' ~ column[1]) -%}
        {%- endfor -%}
        {%- do alter_table(relation, clauses) -%}
    {%- endif -%}
{%- endmacro %}


{#- Whether a build adds to the standing relation what its contract has gained, unasked. -#}
{% macro appends_columns(node) -%}
    {{ return(node.config.get('on_schema_change') == 'append_new_columns') }}
{%- endmacro %}


{% macro changed_columns_message(relation, columns) -%}
    the columns of {{ relation.schema }}.{{ relation.identifier }} have changed ({{ columns | join(', ') }}). {# -#}
    Nothing was changed. 'pulse-elt build --select {{ relation.identifier }} --full-refresh' alters the standing table.
{%- endmacro %}


{#- On-run-start: what the materializations would refuse half-way through a build is checked before anything is
    touched. A change of precision alone, as of numeric, is seen when its turn comes. -#}
{% macro refuse_changed_columns() -%}
    {%- if flags.WHICH in ('build', 'run', 'retry') -%}
        {%- for row in run_query(changed_columns_query()).rows -%}
            {%- set relation = api.Relation.create(schema=row[0], identifier=row[1]) -%}
            {%- if not flags.FULL_REFRESH -%}
                {%- do exceptions.raise_compiler_error(
                    changed_columns_message(relation, (names_in(row[2]) + names_in(row[3])) | unique | list)
                ) -%}
            {%- endif -%}
            {%- for column in names_in(row[3]) -%}
                {%- set others = dependents_of(relation, column)
                    | rejectattr('is_ours') | map(attribute='name') | list -%}
                {%- if others -%}
                    {%- do exceptions.raise_compiler_error(dependents_message(relation, column, others)) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro names_in(listed) -%}
    {{ return((listed or '').split(',') | select | list) }}
{%- endmacro %}


{#- Selected relations that stand with other columns than their contracts have: added and lost ones. One of
    another type is both. Those that append columns only where they have lost any. -#}
{% macro changed_columns_query() -%}
    with wanted (schema_name, relation_name, appends, columns) as (
        values
        (null::text, null::text, null::boolean, null::text[])
        {%- for node in graph.nodes.values()
            if node.unique_id in selected_resources and (is_in_place(node) or is_in_place_view(node)) %},
        (
            '{{ node.schema }}',
            '{{ node.alias }}',
            {{ appends_columns(node) | lower }},
            array[
                {%- for column in node.columns.values() if column.data_type %}
                '{{ column.name }} ' || to_regtype('{{ column.data_type }}')::text{{ ',' if not loop.last }}
                {%- endfor %}
            ]
        )
        {%- endfor %}
    ),

    standing as (
        select
            wanted.schema_name,
            wanted.relation_name,
            wanted.appends,
            wanted.columns as wanted_columns,
            array(
                select attname || ' ' || format_type(atttypid, null)
                from pg_catalog.pg_attribute
                where attrelid = relation.oid and attnum > 0 and not attisdropped
            ) as columns
        from wanted
        inner join pg_catalog.pg_namespace as namespace on wanted.schema_name = namespace.nspname
        inner join pg_catalog.pg_class as relation
            on namespace.oid = relation.relnamespace and wanted.relation_name = relation.relname
    )

    select
        schema_name,
        relation_name,
        array_to_string(array(
            select split_part(wanted_column, ' ', 1)
            from unnest(wanted_columns) as wanted_column
            where wanted_column <> all(columns)
        ), ',') as added,
        array_to_string(array(
            select split_part(standing_column, ' ', 1)
            from unnest(columns) as standing_column
            where standing_column <> all(wanted_columns)
        ), ',') as lost
    from standing
    where not (wanted_columns @> columns and (appends or columns @> wanted_columns))
    order by schema_name, relation_name
{%- endmacro %}
