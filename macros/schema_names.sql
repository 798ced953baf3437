{#- Schema names by target: exact on prod, prefixed with PULSE_ELT_DEV_SCHEMA everywhere else. -#}

{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set schema_name = (custom_schema_name or target.schema) | trim -%}
    {%- if target.name == 'prod' -%}
        {{ schema_name }}
    {%- else -%}
        {{ development_prefix() }}_{{ schema_name }}
    {%- endif -%}
{%- endmacro %}


{% macro development_prefix() -%}
    {%- set prefix = env_var('PULSE_ELT_DEV_SCHEMA', '') | trim -%}
    {%- if not prefix -%}
        {{ exceptions.raise_compiler_error(
            "target '" ~ target.name ~ "' needs the environment variable PULSE_ELT_DEV_SCHEMA: "
            ~ "the prefix of its schemas, so that it cannot overwrite those of prod. "
            ~ "For example: export PULSE_ELT_DEV_SCHEMA=" ~ (env_var('USER', '') or 'anna')
        ) }}
    {%- endif -%}
    {%- if not modules.re.fullmatch('[a-z_][a-z0-9_]*', prefix) -%}
        {{ exceptions.raise_compiler_error(
            "PULSE_ELT_DEV_SCHEMA has lower-case letters, digits and underscores only, not '" ~ prefix ~ "'."
        ) }}
    {%- endif -%}
    {{ prefix }}
{%- endmacro %}
