// Progress in the terminal: one line a stage, redrawn in place; plain lines where it is no terminal.

const frames = ['|', '/', '-', '\\'];
const barWidth = 24;

function clock(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** A progress line for one stage after another, written to `stream`. */
export function createProgress(stream = process.stderr) {
  const live = Boolean(stream.isTTY);
  let stage;
  let timer;

  const draw = () => {
    const elapsed = clock(Date.now() - stage.begin);
    const filled = Math.round(barWidth * (stage.fraction ?? 0));
    const bar =
      stage.fraction === undefined ? frames[stage.frame++ % frames.length] : `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`;
    const line = `  ${stage.name}  ${bar}  ${elapsed}  ${stage.detail}`;
    stream.write(`\r\x1b[2K${line.slice(0, Math.max(20, (stream.columns || 80) - 1))}`);
  };

  return {
    /** Begins a stage; `hint` says how long it may take. */
    begin(name, hint = '') {
      stage = { name, begin: Date.now(), detail: hint, fraction: undefined, frame: 0 };
      if (!live) stream.write(`  ${name}${hint ? ` (${hint})` : ''} ...\n`);
      else {
        timer = setInterval(draw, 100);
        timer.unref();
      }
    },
    /** What the stage does now, and how much of it is done (0 to 1) where that is known. */
    update(detail, fraction) {
      if (!stage) return;
      stage.detail = detail.trim();
      stage.fraction = fraction;
    },
    /** Ends the stage; without a result the line just goes away. */
    end(result) {
      if (!stage) return;
      clearInterval(timer);
      const line = result ? `  ${stage.name}: ${result} (${((Date.now() - stage.begin) / 1000).toFixed(1)} s)\n` : '';
      stream.write(live ? `\r\x1b[2K${line}` : line);
      stage = undefined;
    },
    /** One line between the stages. */
    say(line) {
      stream.write(`${line}\n`);
    },
  };
}
