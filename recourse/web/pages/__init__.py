"""The workbench: pages for people, made on the server, with htmx where a part of a page changes.

A page is a route with its roles (`session.permitted`), a reading of `recourse.reading`, and a template.
"""
