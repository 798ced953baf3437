{#- 'dbt retry' continues the build that failed: it keeps that cutoff, and is as whole as that build was.

    dbt does not let its macros know that it retries, but passes the arguments of the failed command on, through
    target/run_results.json. So each build leaves its id among its vars as a tuple, which the file gives back
    as a list. A list therefore comes from a retry, in a process of its own or in one that built before. -#}

{% macro remember_for_retry() -%}
    {%- do invocation_args_dict['vars'].update({'pulse_elt_build': (invocation_id,)}) -%}
{%- endmacro %}


{#- The build that this one retries; none if it retries nothing. An interrupted build may have left out nodes that
    dbt does not know of, so its retry is the build of a part. -#}
{% macro build_to_retry() -%}
    {%- set passed_on = invocation_args_dict['vars'].get('pulse_elt_build') -%}
    {%- if passed_on is string or passed_on is not sequence or passed_on != passed_on | list -%}
        {%- if not selected_resources -%}
            {#- A retry selects nothing: dbt has its list already. -#}
            {%- do exceptions.raise_compiler_error(
                "'dbt retry' cannot know which build it retries: that one ended before it had begun, or --vars "
                ~ "has replaced its vars. Nothing was changed. Run 'dbt build'."
            ) -%}
        {%- endif -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set found = run_query(
        "select invocation_id, is_whole and finished_at is not null from " ~ builds_relation()
        ~ " where invocation_id = '" ~ (passed_on | join) | replace("'", "''") ~ "'"
    ).rows -%}
    {%- if not found -%}
        {%- do exceptions.raise_compiler_error(
            "what 'dbt retry' would go on with is no build of this target. Nothing was changed. Run 'dbt build'."
        ) -%}
    {%- endif -%}
    {{ return({'invocation_id': found[0][0], 'is_whole': found[0][1]}) }}
{%- endmacro %}


{#- Models of two cutoffs side by side would be neither build. -#}
{% macro refuse_overtaken_retry(retried) -%}
    {%- if retried and run_query(
        "select exists (select 1 from " ~ builds_relation() ~ " as mine"
        ~ " inner join " ~ builds_relation() ~ " as other"
        ~ " on mine.build_number < other.build_number and mine.cutoff_at <> other.cutoff_at"
        ~ " where mine.invocation_id = '" ~ retried['invocation_id'] ~ "')"
    ).rows[0][0] -%}
        {%- do exceptions.raise_compiler_error(
            "a newer build has begun since the one that 'dbt retry' would go on with. Nothing was changed, and "
            ~ "nothing is lost: run 'dbt build'."
        ) -%}
    {%- endif -%}
{%- endmacro %}
