{#- A standing table and the contract it was not built by: columns, keys and checks are brought into line
    without a swap, so that what depends on the table stays, or the build refuses. -#}

{#- The SQL of a model gives the columns of its contract, in any order. As dbt's own check, but silent on
    numerics without a precision: staging takes numbers as they are. -#}
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
    {%- if differing and not is_allowed -%}
        {%- do exceptions.raise_compiler_error(told_columns(relation, differing | map('first') | list)) -%}
    {%- endif -%}
    {%- if differing -%}
        {%- for column in differing if column[2] -%}
            {%- do clear_dependents(relation, column[0]) -%}
        {%- endfor -%}
        {%- call statement('conform_columns') -%}
            {%- for column in differing if column[2] %}
            alter table {{ relation }} drop column {{ adapter.quote(column[0]) }};
            {%- endfor %}
            {%- for column in differing if column[1] %}
            alter table {{ relation }} add column {{ adapter.quote(column[0]) }} {{ column[1] }};
            {%- endfor %}
        {%- endcall -%}
    {%- endif -%}
{%- endmacro %}


{% macro told_columns(relation, columns) -%}
    the columns of {{ relation.schema }}.{{ relation.identifier }} have changed ({{ columns | join(', ') }}). {# -#}
    Nothing was touched. Rebuild it with --full-refresh, which alters the standing table.
{%- endmacro %}


{% macro constraints_of(relation) -%}
    {{ return(run_query(
        "select conname, pg_get_constraintdef(oid) from pg_catalog.pg_constraint"
        ~ " where conrelid = '" ~ relation.render() ~ "'::regclass and contype in ('p', 'u', 'c')"
        ~ " order by contype desc, conname"
    ).rows) }}
{%- endmacro %}


{#- Before the rows: what the shape does not have must not forbid what it allows. -#}
{% macro release_constraints(shape, relation) -%}
    {%- set wanted = constraints_of(shape) | map('last') | list -%}
    {%- call statement('release_constraints') -%}
        select;
        {%- for constraint in constraints_of(relation) if constraint[1] not in wanted %}
        alter table {{ relation }} drop constraint {{ adapter.quote(constraint[0]) }};
        {%- endfor %}
        {%- for column in differing_nulls(shape, relation) if not column[1] %}
        alter table {{ relation }} alter column {{ adapter.quote(column[0]) }} drop not null;
        {%- endfor %}
    {%- endcall -%}
{%- endmacro %}


{#- After the rows: keys, checks and NOT NULL as in the shape. -#}
{% macro conform_constraints(shape, relation) -%}
    {%- set standing = constraints_of(relation) | map('last') | list -%}
    {%- call statement('conform_constraints') -%}
        select;
        {%- for column in differing_nulls(shape, relation) if column[1] %}
        alter table {{ relation }} alter column {{ adapter.quote(column[0]) }} set not null;
        {%- endfor %}
        {%- for constraint in constraints_of(shape) if constraint[1] not in standing %}
        alter table {{ relation }} add {{ constraint[1] }};
        {%- endfor %}
    {%- endcall -%}
{%- endmacro %}


{#- Columns that only one of both allows to be NULL: name, whether the shape forbids it. -#}
{% macro differing_nulls(shape, relation) -%}
    {{ return(run_query(
        "select shape.attname, shape.attnotnull"
        ~ " from pg_catalog.pg_attribute as shape"
        ~ " inner join pg_catalog.pg_attribute as standing on shape.attname = standing.attname"
        ~ " where shape.attrelid = '" ~ shape.render() ~ "'::regclass and shape.attnum > 0"
        ~ " and standing.attrelid = '" ~ relation.render() ~ "'::regclass"
        ~ " and shape.attnotnull <> standing.attnotnull"
    ).rows) }}
{%- endmacro %}


{#- dbt names indexes by the clock: what is there is told by its columns. -#}
{% macro create_missing_indexes(relation) -%}
    {%- set there = run_query(
        indexed_columns("'" ~ relation.render() ~ "'::regclass")
    ).columns[0].values() -%}
    {%- for index in config.get('indexes', []) if index['columns'] | join(',') not in there -%}
        {%- call statement('create_index') -%} {{ get_create_index_sql(relation, index) }} {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}


{#- The columns of each plain index of a relation, as text. -#}
{% macro indexed_columns(oid) -%}
    select array_to_string(array(
        select attname
        from unnest(indkey) with ordinality as place (attnum, position)
        inner join pg_catalog.pg_attribute as attribute
            on attribute.attrelid = indrelid and attribute.attnum = place.attnum
        order by place.position
    ), ',')
    from pg_catalog.pg_index
    where indrelid = {{ oid }} and indisvalid and indpred is null and indexprs is null
{%- endmacro %}


{#- on-run-start: what the materializations would refuse half-way through a build is looked at before
    anything is touched. A change of precision alone, as of numeric, is seen when its turn comes. -#}
{% macro refuse_changed_columns() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') -%}
        {%- for row in run_query(changed_columns_query()).rows -%}
            {%- set relation = api.Relation.create(schema=row[0], identifier=row[1]) -%}
            {%- if not flags.FULL_REFRESH -%}
                {%- do exceptions.raise_compiler_error(
                    told_columns(relation, (names_in(row[2]) + names_in(row[3])) | unique | list)
                ) -%}
            {%- endif -%}
            {%- for column in names_in(row[3]) -%}
                {%- set others = dependents_of(relation, column)
                    | rejectattr('is_ours') | map(attribute='name') | list -%}
                {%- if others -%}
                    {%- do exceptions.raise_compiler_error(told_dependents(relation, column, others)) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro names_in(listed) -%}
    {{ return((listed or '').split(',') | select | list) }}
{%- endmacro %}


{#- Selected relations that stand with other columns than their contracts have: added and lost ones. One of
    another type is both. -#}
{% macro changed_columns_query() -%}
    with wanted (schema_name, relation_name, columns) as (
        values
        (null::text, null::text, null::text[])
        {%- for node in graph.nodes.values()
            if node.unique_id in selected_resources and (is_in_place(node) or is_in_place_view(node)) %},
        (
            '{{ node.schema }}',
            '{{ node.alias }}',
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
    where not (wanted_columns @> columns and columns @> wanted_columns)
    order by schema_name, relation_name
{%- endmacro %}
