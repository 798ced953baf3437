const STEP = "library.checkout";

export const checkout = {
  load: () => JSON.parse(sessionStorage.getItem(STEP) || "{}"),
  save: (step: object) => sessionStorage.setItem(STEP, JSON.stringify(step)),
};
