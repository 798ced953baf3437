{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('user_skill_agg', learner='user_id', adds={
    'user_id_text': as_text('user_id'),
}) }}
