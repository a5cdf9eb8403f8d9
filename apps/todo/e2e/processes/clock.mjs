// Loaded before everything else (`--import`): in this process today is so many days later.
const aheadMs = Number(process.env.TEST_CLOCK_DAYS) * 86_400_000;
const wallMs = Date.now;
Date.now = () => wallMs() + aheadMs;
