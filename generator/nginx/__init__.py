"""Model to text: what nginx should serve, written as its configuration.

Knows nginx's language and nothing of Kubernetes, the volume or nginx's process.
Pure, but for `template_files`, which reads template files. `quoting` is the only writer
of values. The one way in is `render.render`.

Exceptions, all in `errors`:

    RenderError
      Unwritable      a value that has no place in a configuration; names its owner
      TemplateError   a template that does not compile or render; names file and line
"""
