ARG GENERATOR
FROM ${GENERATOR}
COPY tests /srv/tests
ENV PYTHONPATH=/opt/pillion:/srv
ENTRYPOINT ["python3", "-P", "-m", "tests.lab.backend", "--address=0.0.0.0", "--port=8080"]
