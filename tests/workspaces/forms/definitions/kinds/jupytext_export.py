#!/usr/bin/env python
# coding: utf-8

# In[1]:


from prefect import flow, task


# In[2]:


@task
def scale(x):
    return x * 2


# In[3]:


@flow
def report():
    return scale.fn(2)


# In[4]:


try:
    get_ipython().system('ls')
except NameError:
    pass
