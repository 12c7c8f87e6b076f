/**
 * Resolves when this process is told to stop, by Ctrl-C or otherwise. The signals stay heard for good: Ctrl-C reaches us by itself and once more by npm,
 * which passes it on, and a second one that nobody hears would end us in the middle of cleaning up.
 */
export const stopAsked = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
