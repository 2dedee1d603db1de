#!/bin/bash
# Makes a role and a database for each service; no role may enter another's database.
set -euo pipefail

for service in gateway registration assistance returns tracking; do
  variable="MASAR_${service^^}_DATABASE_PASSWORD"
  psql -v ON_ERROR_STOP=1 --quiet --username postgres --dbname postgres \
    --set service="$service" --set password="${!variable}" <<'SQL'
create role :"service" login password :'password';
create database :"service" owner :"service";
revoke connect, temporary on database :"service" from public;
SQL
done
