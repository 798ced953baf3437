{#- Refuses a build by an error of the server: unlike dbt's own errors it has a SQLSTATE, which the command judges. -#}
{% macro refuse_by_server(condition, sentence) -%}
    {%- call statement('refuse_by_server') -%}
        do $refusal$
        begin
            raise exception using errcode = '{{ condition }}', message = '{{ sentence | replace("'", "''") }}';
        end
        $refusal$
    {%- endcall -%}
{%- endmacro %}
