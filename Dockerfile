# One image for the API and the workers: `node src/server.ts` and `node workers/main.ts`. Node runs the TypeScript as it is.

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional

# The simulated tenant and target, for trials: docker-compose.simulator.yml. Never part of the image below.
FROM packages AS simulator
RUN npm ci --omit=optional
COPY simulator simulator
# A named volume takes over who owns the folder it is mounted on.
RUN mkdir /certificates && chown node:node /certificates
USER node
CMD ["node", "simulator/main.ts", "--cert-dir", "/certificates"]

FROM node:24-slim AS entrain
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY src src
COPY workers workers
COPY scripts/audit-verify.ts scripts/
# Where docker-compose.yml has the first key left.
RUN mkdir --mode=700 /keys && chown node:node /keys
USER node
EXPOSE 8080
CMD ["node", "src/server.ts"]
