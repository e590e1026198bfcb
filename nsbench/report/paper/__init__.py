"""The paper's published numbers and claims beside a dataset's own runs.

The numbers are data (`configs/paper`), `claims` judges the claims one by one. Add a claim there, and a published table in
`published`.
"""
