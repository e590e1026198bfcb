"""Commands on trained models: `app` lists, shows and registers them, `recommend` and `similar` ask them;
`asked` says for whom, `option` is shared.
"""
