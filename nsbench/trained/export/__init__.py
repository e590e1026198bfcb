"""A trained model as files that other programs run: none of them needs nsbench, and none of them is a pickle.

`program` says what is computed, `torch_program` and `onnx_graph` write it, `item_file` says which item a number means, and
`vector_files` writes what an index of nearest vectors is made of. `served_model` is the code that an MLflow pyfunc carries;
`export` puts the folder of each format together.
"""
