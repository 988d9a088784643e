/** The present, for everything on screen that ages. It moves every 30 s, and at once when the window is looked at. */
export class Now {
  ms = $state(Date.now());

  /** Starts it; the answer stops it. */
  run(): () => void {
    const move = (): void => {
      this.ms = Date.now();
    };
    const timer = setInterval(move, 30_000);
    document.addEventListener('visibilitychange', move);
    window.addEventListener('focus', move);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', move);
      window.removeEventListener('focus', move);
    };
  }
}
