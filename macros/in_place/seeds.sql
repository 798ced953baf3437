{#- Seeds in place: dbt truncates a seed, or drops it and whatever depends on it. Here its rows are replaced
    in the transaction of the seed, and its readers are rebuilt whole when the file has changed. -#}

{% macro postgres__create_csv_table(model, agate_table) -%}
    {%- call statement('create_seed') -%}
        create table {{ this }} {{ seed_columns(agate_table) }};
        {{ tell_seed_changed() }}
    {%- endcall -%}
    {{ return('') }}
{%- endmacro %}


{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {#- Another build may be at the same seed: its rows are not there yet to be deleted, and would double. -#}
    {%- call statement('await_others') -%}
        lock table {{ this }} in share row exclusive mode
    {%- endcall -%}
    {%- set state = standing_state(this, model.name) -%}
    {%- do conform_columns(create_shape(seed_columns(agate_table)), this, true) -%}
    {%- call statement('empty_seed') -%}
        delete from {{ this }};
        {%- if state.definition != seed_definition() %}
        {{ tell_seed_changed() }}
        {%- endif %}
    {%- endcall -%}
    {{ return('') }}
{%- endmacro %}


{% macro seed_columns(agate_table) -%}
    (
        {%- for name in agate_table.column_names %}
        {{ name }} {{ model.config.column_types[name] }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{% macro seed_definition() -%}
    {{ return(local_md5(tojson([model.checksum.checksum, model.config.column_types]))) }}
{%- endmacro %}


{% macro tell_seed_changed() -%}
    {{ tell_consumers_everything(consumers_of(model.unique_id)) }}
    {{ record_built(model.name, seed_definition(), '') }}
{%- endmacro %}
