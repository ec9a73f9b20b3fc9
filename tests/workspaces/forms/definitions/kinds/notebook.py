# %% [markdown]
# # Sales
# Exported from a notebook.

# %%
from prefect import flow, task

# %%
@task
def extract_sales():
    return [1, 2]

# %%
# get_ipython().run_line_magic('matplotlib', 'inline')
@flow(log_prints=True)
def sales():
    return sum(extract_sales.fn())

# %%
if __name__ == "__main__":
    sales()
