export const PLACES = ['meetings', 'activity', 'accounts', 'settings'] as const;
export type Place = (typeof PLACES)[number];

/** The place that the address names; Back and Forward work, and the shell can open the window at a place. */
export class Where {
  place = $state<Place>(named());

  /** Follows the address and calls back after each change. The answer ends that. */
  follow(moved: () => void): () => void {
    const move = (): void => {
      this.place = named();
      moved();
    };
    window.addEventListener('hashchange', move);
    return () => window.removeEventListener('hashchange', move);
  }
}

const named = (): Place => PLACES.find((place) => location.hash === `#${place}`) ?? 'meetings';
