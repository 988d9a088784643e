/**
 * Does one thing after the other. What the person does while the window still works at what they did before is not lost:
 * its turn comes.
 */
export function inTurn(): (work: () => Promise<void>) => Promise<void> {
  let before = Promise.resolve();
  return (work) => (before = before.then(work));
}
