{{/*
What runs: the role of the binary, its user of NATS, how many, and what is its own. One market-data and one algo: two of them
publish, and trade, twice.
*/}}
{{- define "trading.roles" -}}
- {role: market-data, user: market-data-service, replicas: 1, alone: true, args: [--speed, {{ int .Values.marketData.speed | quote }}]}
- {role: calculation, user: calculation-service, replicas: {{ .Values.calculation.replicas }}, alone: false, args: []}
- {role: trading, user: trading-service, replicas: {{ .Values.trading.replicas }}, alone: false, args: []}
- {role: algo, user: algo-service, replicas: 1, alone: true, args: [--accounts, {{ join "," .Values.algo.accounts | quote }}, --every-ticks, {{ int .Values.algo.everyTicks | quote }}]}
{{- end -}}
