// A process whose job never ends when it is 2.
process.on('message', (job) => {
  if (job === 2) for (;;);
  process.send('done');
});
process.on('disconnect', () => process.exit());
