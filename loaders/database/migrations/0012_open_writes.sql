-- A transaction that an application leaves open keeps others from the paths that it wrote, and builds from their
-- cutoff. The server ends it, whatever limit the login has.
do $$
declare
    before constant text := pg_get_functiondef('raw.write_document(text, text, bigint, timestamptz)'::regprocedure);
    anchor constant text := '    -- Writers of one path come one after the other.';
    after constant text := replace(
        before,
        anchor,
        E'    -- To the end of the transaction: one that then idles is ended.\n'
        '    perform set_config(''idle_in_transaction_session_timeout'', ''300ms'', true);\n'
        || anchor
    );
begin
    if after = before then
        raise exception 'raw.write_document is not the function that this migration changes';
    end if;
    execute after;
end
$$;
