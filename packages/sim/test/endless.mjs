// A process whose second job never ends.
process.on('message', (job) => {
  if (job === 2) for (;;);
  process.send('done');
});
process.on('disconnect', () => process.exit());
