import hours from "../../data/config/opening_hours.json";

export const isOpen = (weekday: string): boolean => weekday in hours;
