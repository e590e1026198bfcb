"""Commands on trained models: `app` lists, shows and registers them, `recommend` and `similar` ask them; `option` is shared."""
