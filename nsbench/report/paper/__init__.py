"""The paper's published numbers and claims beside a log's own runs.

The numbers are data (`configs/paper`), `claims` judges the claims one by one. Add a claim there; a published table in
`published`.
"""
